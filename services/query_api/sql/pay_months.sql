-- Months in which anybody was paid.
SELECT DISTINCT to_char(day, 'YYYY-MM') AS period FROM pay_by_platform ORDER BY 1
