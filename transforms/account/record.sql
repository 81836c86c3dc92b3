-- The crosswalk of the night: every version (unchanged repeats are none) and the entity its record stands in.
--   version (model.VERSION), cluster (kind, record_id, entity_id)

-- step: record
SELECT v.source, v.batch, v.line, v.ordinal, v.kind, v.record_id, c.entity_id, v.state
FROM version AS v
LEFT JOIN cluster AS c ON v.kind = c.kind AND v.record_id = c.record_id
ORDER BY v.source, v.batch, v.line, v.kind, v.record_id, v.ordinal
