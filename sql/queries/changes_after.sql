-- The next page of the change feed after the last number a consumer has (parameter seq).
SELECT
  event.seq,
  event.release,
  event.kind,
  event.entity_id,
  event.event,
  event.fields,
  event.other_id
FROM change AS event
WHERE event.seq > :seq
ORDER BY event.seq
LIMIT 1000
