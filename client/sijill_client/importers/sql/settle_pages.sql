-- All judgments of a page carry the same two times: the page's seconds count once, with the
-- judgment whose id comes first, whatever the order of rows.
UPDATE assignment SET seconds = NULL
WHERE page IS NOT NULL
    AND task NOT IN (SELECT min(task) FROM assignment WHERE page IS NOT NULL GROUP BY page)
