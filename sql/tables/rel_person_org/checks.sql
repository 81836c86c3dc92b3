-- What must hold of rel_person_org inside the publish transaction: every query returns the rows that break it.

-- check: known_to_after_known_from #fail
SELECT one.person_id, one.organization_id, one.role
FROM rel_person_org AS one
WHERE one.known_to <= one.known_from

-- check: person_id_resolves #fail
SELECT one.person_id, one.organization_id, one.role
FROM rel_person_org AS one
LEFT JOIN fact_person AS other ON other.person_id = one.person_id AND other.known_to IS NULL
WHERE one.person_id IS NOT NULL AND other.person_id IS NULL AND one.known_to IS NULL

-- check: organization_id_resolves #fail
SELECT one.person_id, one.organization_id, one.role
FROM rel_person_org AS one
LEFT JOIN fact_organization AS other ON other.organization_id = one.organization_id AND other.known_to IS NULL
WHERE one.organization_id IS NOT NULL AND other.organization_id IS NULL AND one.known_to IS NULL
