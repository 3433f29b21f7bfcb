"""A lake that several machines share: the spool of a collecting host, ingest, an object store behind a cache."""
