"""One module per department: its headings, words, habits and the file it sends."""
