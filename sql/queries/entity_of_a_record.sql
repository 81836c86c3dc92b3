-- Where does a record (parameter record) stand today, and where does a retired identity point to?
SELECT
  told.source,
  told.kind,
  told.state,
  told.entity_id,
  known.state AS identity_state,
  known.signpost
FROM record AS told
LEFT JOIN identity AS known ON known.entity_id = told.entity_id
WHERE told.record_id = :record
ORDER BY told.source, told.batch, told.line, told.kind
