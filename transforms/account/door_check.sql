-- One batch between land and check: landed = accepted + quarantined, and every verdict stands on a finding.
--   landed (ordinal, line, fault), verdict (model.VERDICT), finding (model.FINDING)

-- step: refused
SELECT DISTINCT f.ordinal, f.rule, f.field FROM finding AS f WHERE f.effect = 'quarantine'

-- step: broken
SELECT 'landed rows without a verdict' AS what, d.ordinal
FROM (SELECT ordinal FROM landed EXCEPT ALL SELECT ordinal FROM verdict) AS d
UNION ALL
SELECT 'verdicts on rows that were not landed' AS what, d.ordinal
FROM (SELECT ordinal FROM verdict EXCEPT ALL SELECT ordinal FROM landed) AS d
UNION ALL
SELECT 'accepted rows with a finding that quarantines' AS what, v.ordinal
FROM verdict AS v
WHERE v.accepted AND v.ordinal IN (SELECT ordinal FROM refused)
UNION ALL
SELECT 'quarantined rows whose rule is not among their findings' AS what, d.ordinal
FROM (SELECT ordinal, rule, field FROM verdict WHERE NOT accepted EXCEPT SELECT ordinal, rule, field FROM refused) AS d
UNION ALL
SELECT 'accepted rows that could not be split into columns' AS what, v.ordinal
FROM verdict AS v
INNER JOIN landed AS l ON v.ordinal = l.ordinal
WHERE v.accepted AND l.fault IS NOT NULL
UNION ALL
SELECT 'findings on rows or lines that were not landed' AS what, d.ordinal
FROM (SELECT ordinal, line FROM finding EXCEPT SELECT ordinal, line FROM landed) AS d

-- step: door
SELECT what, COUNT(*) AS n, MIN(ordinal) AS ordinal FROM broken GROUP BY what ORDER BY what
