-- The views, the same on SQLite and PostgreSQL; docs/schema.md documents their columns.
-- Statements are separated by empty lines. The newest migration creates the views from this file;
-- a test compares the file with what a database says.
--
-- To change a view: write a new migration that drops and creates all of them, and give the
-- migration that was the newest a copy of the text that it created, so that it stays what it was.

CREATE VIEW v_items AS
SELECT id AS item_id, kind, title, creator, year, licence, uri, sha256, format, bytes,
       seconds, rate, channels, width, height, created_at
FROM items

CREATE VIEW v_captions AS
SELECT i.id AS item_id, i.kind, i.title, f.position, c.text, c.words, c.finish_reason,
       c.tokens, c.seconds, c.language, c.windows,
       r.backend AS captioner, c.id AS caption_id, c.recipe_id
FROM captions c
JOIN fragments f ON f.id = c.fragment_id
JOIN items i ON i.id = f.item_id
JOIN recipes r ON r.id = c.recipe_id

-- A published triple may have no caption; then it refers to its fragment itself.
CREATE VIEW v_emotions AS
SELECT i.id AS item_id, i.kind, i.title, f.position, e.red, e.green, e.blue,
       e.samples, e.red_sd, e.green_sd, e.blue_sd,
       m.backend AS mapper, r.backend AS captioner, e.id AS emotion_id, e.caption_id,
       e.recipe_id
FROM emotions e
LEFT JOIN captions c ON c.id = e.caption_id
JOIN fragments f ON f.id = COALESCE(e.fragment_id, c.fragment_id)
JOIN items i ON i.id = f.item_id
JOIN recipes m ON m.id = e.recipe_id
LEFT JOIN recipes r ON r.id = c.recipe_id

CREATE VIEW v_pairs AS
SELECT p.pairing_id, g.method, g.vector, g.metric, g.space, g.calibrate, p.position, p.rank,
       p.similarity,
       p.track_id, t.title AS track_title, t.creator AS track_creator, t.uri AS track_uri,
       te.red AS track_red, te.green AS track_green, te.blue AS track_blue,
       p.artwork_id, a.title AS artwork_title, a.creator AS artwork_creator,
       a.uri AS artwork_uri,
       ae.red AS artwork_red, ae.green AS artwork_green, ae.blue AS artwork_blue,
       p.id AS pair_id
FROM pairs p
JOIN pairings g ON g.id = p.pairing_id
JOIN items t ON t.id = p.track_id
JOIN items a ON a.id = p.artwork_id
LEFT JOIN emotions te ON te.id = p.track_emotion_id
LEFT JOIN emotions ae ON ae.id = p.artwork_emotion_id

CREATE VIEW v_labels AS
SELECT i.id AS item_id, i.kind, i.title, l.name, l.dimension, l.value, l.category,
       l.id AS label_id
FROM labels l
JOIN items i ON i.id = l.item_id

CREATE VIEW v_ratings AS
SELECT p.pairing_id, g.method, p.position, p.rank, p.track_id, t.title AS track_title,
       p.artwork_id, a.title AS artwork_title, r.rater, r.congruence, r.preferred,
       r.other_artwork_id, o.title AS other_artwork_title, r.comment, r.seconds,
       r.created_at, p.id AS pair_id, r.id AS rating_id
FROM ratings r
JOIN pairs p ON p.id = r.pair_id
JOIN pairings g ON g.id = p.pairing_id
JOIN items t ON t.id = p.track_id
JOIN items a ON a.id = p.artwork_id
LEFT JOIN items o ON o.id = r.other_artwork_id

-- Reads the counters, never the tasks. A group whose tasks are all gone is left out.
CREATE VIEW v_progress AS
SELECT n.stage, r.kind, r.backend, n.recipe_id,
       CAST(SUM(n.ready) AS BIGINT) AS ready, CAST(SUM(n.leased) AS BIGINT) AS leased,
       CAST(SUM(n.done) AS BIGINT) AS done, CAST(SUM(n.failed) AS BIGINT) AS failed,
       CAST(SUM(n.dead) AS BIGINT) AS dead
FROM task_counts n
LEFT JOIN recipes r ON r.id = n.recipe_id
GROUP BY n.stage, r.kind, r.backend, n.recipe_id
HAVING SUM(n.ready + n.leased + n.done + n.failed + n.dead) > 0
