-- 核查中: every published value that somebody disputes: of which entity, which property, since when, who is asked until when.
-- It is left out when the department's next delivery answers. Of a restricted person nothing is told.
CREATE VIEW v1_disputed AS
SELECT
  one.kind,
  one.entity_id,
  one.property,
  one.source,
  one.department,
  one.since,
  one.due
FROM disputed AS one
LEFT JOIN restricted AS shut ON shut.entity_id = one.entity_id AND shut.state <> 'lifted'
WHERE one.state <> 'answered' AND shut.entity_id IS NULL
