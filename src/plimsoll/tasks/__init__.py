"""What the shipped jobs do, one module a job: it takes the job's context and uses queries, publishing, the ledger."""
