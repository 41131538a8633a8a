-- Months in which anybody was paid, and those in which anybody worked.
SELECT to_char(day, 'YYYY-MM') AS period, true AS paid FROM pay_by_platform GROUP BY 1
UNION ALL
SELECT to_char(day, 'YYYY-MM'), false FROM work_by_platform GROUP BY 1
ORDER BY 1, 2
