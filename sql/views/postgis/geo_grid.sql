-- v1_grid with its polygon as PostGIS geometry, CGCS2000 (EPSG:4490).
CREATE VIEW geo_grid AS
SELECT
  one.*,
  ST_SetSRID(ST_GeomFromGeoJSON(one.polygon), 4490)::geometry (Geometry, 4490) AS geometry
FROM v1_grid AS one
