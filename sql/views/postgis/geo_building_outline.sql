-- Outlines of buildings as PostGIS geometry, CGCS2000 (EPSG:4490).
CREATE VIEW geo_building_outline AS
SELECT
  one.building_id,
  one.polygon,
  one.known_from,
  ST_SetSRID(ST_GeomFromGeoJSON(one.polygon), 4490)::geometry (Geometry, 4490) AS geometry
FROM building_outline AS one
WHERE one.known_to IS NULL
