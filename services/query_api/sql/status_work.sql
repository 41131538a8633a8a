-- Days on which one emitter's workers worked, as its events say.
SELECT DISTINCT day FROM work_by_platform JOIN emitter USING (emitter_code)
WHERE emitter = :emitter AND day BETWEEN :first AND :last
ORDER BY 1
