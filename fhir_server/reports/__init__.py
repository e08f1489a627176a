"""Reports of the measures for people: as a page, a workbook and tables (R101-R109)."""
