"""What people and programs get to see: frozen views made from documents, drawn as HTML, text and files."""
