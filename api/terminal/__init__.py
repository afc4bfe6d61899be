"""What a person at a terminal sees: words, tables, progress and errors."""
