"""One module per sheet of the workbook; each takes the book and fills its sheet."""
