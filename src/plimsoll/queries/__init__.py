"""One module a document: a checked question, a snapshot of the lake and the settings in; document and evidence out.

The command line, the jobs and the HTTP service all answer from here, so a number is the same wherever it is read.
"""
