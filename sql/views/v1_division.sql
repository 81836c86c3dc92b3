-- 行政区划: the current divisions.
CREATE VIEW v1_division AS
SELECT
  division.code,
  division.name,
  division.level,
  division.parent_code,
  division.successor_code,
  division.pseudo,
  division.known_from
FROM std_division AS division
WHERE division.known_to IS NULL
