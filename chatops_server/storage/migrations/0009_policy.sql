-- What an agent told of its machine's policy, and to what the hub itself has narrowed the server (JSON).
ALTER TABLE servers ADD COLUMN policy TEXT;
ALTER TABLE servers ADD COLUMN narrowing TEXT;
