"""What a plan becomes on paper: the Excel workbook and its siblings."""
