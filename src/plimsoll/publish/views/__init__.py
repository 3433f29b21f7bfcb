"""What a page shows, as frozen values: made from documents, free of markup."""
