-- 来源新鲜度: what every source had sent by the current release: how fresh the rows are that come from it.
CREATE VIEW v1_source AS
SELECT
  newest.release,
  newest.night,
  state.source,
  state.as_of,
  state.state,
  state.rows
FROM source_state AS state
INNER JOIN release AS newest ON newest.release = state.release
WHERE state.release = (SELECT MAX(last.release) FROM release AS last)
