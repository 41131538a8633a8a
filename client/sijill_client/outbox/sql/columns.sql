-- What a batch says of itself in this file; nothing in a new file.
SELECT name FROM pragma_table_info('batch')
