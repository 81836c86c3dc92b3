-- v1_address with its point as PostGIS geometry, CGCS2000 (EPSG:4490); null where there is none.
CREATE VIEW geo_address AS
SELECT
  one.*,
  ST_SetSRID(ST_MakePoint(one.lon, one.lat), 4490)::geometry (Point, 4490) AS geometry
FROM v1_address AS one
