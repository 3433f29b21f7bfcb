"""Which release this is: declared here once; the package's metadata and the documents take it from here."""

__version__ = "0.1.0"
