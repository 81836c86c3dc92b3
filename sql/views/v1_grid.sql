-- 标准基础网格: the grids of the current cut, each with the codes of the chain above it (its own level included).
CREATE VIEW v1_grid AS
SELECT
  own.grid_id,
  own.code AS grid_code,
  own.name,
  own.level,
  own.type,
  own.cut,
  own.parent_id,
  own.polygon,
  CASE 'large' WHEN own.level THEN own.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS large_code,
  CASE 'medium' WHEN own.level THEN own.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS medium_code,
  CASE 'small' WHEN own.level THEN own.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS small_code,
  CASE 'micro' WHEN own.level THEN own.code WHEN up1.level THEN up1.code WHEN up2.level THEN up2.code WHEN up3.level THEN up3.code END AS micro_code,
  own.known_from
FROM std_grid AS own
LEFT JOIN std_grid AS up1 ON up1.grid_id = own.parent_id AND up1.known_to IS NULL
LEFT JOIN std_grid AS up2 ON up2.grid_id = up1.parent_id AND up2.known_to IS NULL
LEFT JOIN std_grid AS up3 ON up3.grid_id = up2.parent_id AND up3.known_to IS NULL
WHERE own.known_to IS NULL AND own.cut = (SELECT MAX(last.cut) FROM std_grid AS last WHERE last.known_to IS NULL)
