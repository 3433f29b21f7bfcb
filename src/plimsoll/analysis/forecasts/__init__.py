"""Forecasts with receipts: every path has a band, every band has been tested on the series' own past.

A forecaster is one file here with a `FORECASTER`; `catalogue.discover` finds it. `outlook` runs them all, scores them
at origins inside the history, blends them by those scores and draws the bands.
"""
