-- What must hold of rel_org_premises inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.organization_id, one.premises_id, one.role
FROM rel_org_premises AS one
WHERE one.known_to <= one.known_from

-- check: organization_id_resolves #fail
SELECT one.organization_id, one.premises_id, one.role
FROM rel_org_premises AS one
LEFT JOIN fact_organization AS other ON other.organization_id = one.organization_id AND other.known_to IS NULL
WHERE one.organization_id IS NOT NULL AND other.organization_id IS NULL AND one.known_to IS NULL

-- check: premises_id_resolves #fail
SELECT one.organization_id, one.premises_id, one.role
FROM rel_org_premises AS one
LEFT JOIN fact_premises AS other ON other.premises_id = one.premises_id AND other.known_to IS NULL
WHERE one.premises_id IS NOT NULL AND other.premises_id IS NULL AND one.known_to IS NULL
