"""A simulated fleet with planted truth: what the analysis should find is known, because we put it there.

`roster` says who there is, `rhythm` how busy each is, `physics` what the sensors then say, `incidents` what goes wrong.
"""

from plimsoll.simulator.fleet import Fleet
from plimsoll.simulator.incidents import Incident

__all__ = ["Fleet", "Incident"]
