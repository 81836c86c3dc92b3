-- Ciphertext of what begins in vault_identifier: begun (place, record_id, kind, what, token); held, past: model.VAULT of
-- the batches that live records are of, and of those of them that went when their time was over.

-- step: sealed
SELECT begun.place, vault.ciphertext, vault.key_id
FROM begun
INNER JOIN (
  SELECT held.record_id, held.kind, held.what, held.token, held.ciphertext, held.key_id FROM held
  UNION ALL
  SELECT past.record_id, past.kind, past.what, past.token, past.ciphertext, past.key_id FROM past
) AS vault
  ON
    vault.record_id = begun.record_id AND vault.kind = begun.kind
    AND vault.what = begun.what AND vault.token = begun.token
ORDER BY begun.place, vault.key_id
