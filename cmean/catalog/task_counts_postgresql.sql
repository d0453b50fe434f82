-- PostgreSQL's triggers that keep the sums of task_counts equal to COUNT(*) over tasks, whoever
-- writes them. Each statement that changes tasks adds a row of differences for each stage and
-- recipe, so that no two writers ever wait for one counter; task_counts.compact_counts adds the rows
-- up now and then. Statements are separated by empty lines.
--
-- The search path is that of the schema's creation: a writer with another one counts as well.

CREATE FUNCTION cmean_count_inserted_tasks() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ BEGIN
    INSERT INTO task_counts (stage, recipe_id, ready, leased, done, failed, dead)
    SELECT stage, recipe_id,
           COUNT(*) FILTER (WHERE state = 'ready'), COUNT(*) FILTER (WHERE state = 'leased'),
           COUNT(*) FILTER (WHERE state = 'done'), COUNT(*) FILTER (WHERE state = 'failed'),
           COUNT(*) FILTER (WHERE state = 'dead')
    FROM new_tasks GROUP BY stage, recipe_id;
    RETURN NULL;
END $$

CREATE FUNCTION cmean_count_deleted_tasks() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ BEGIN
    INSERT INTO task_counts (stage, recipe_id, ready, leased, done, failed, dead)
    SELECT stage, recipe_id,
           -COUNT(*) FILTER (WHERE state = 'ready'), -COUNT(*) FILTER (WHERE state = 'leased'),
           -COUNT(*) FILTER (WHERE state = 'done'), -COUNT(*) FILTER (WHERE state = 'failed'),
           -COUNT(*) FILTER (WHERE state = 'dead')
    FROM old_tasks GROUP BY stage, recipe_id;
    RETURN NULL;
END $$

CREATE FUNCTION cmean_count_updated_tasks() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ BEGIN
    INSERT INTO task_counts (stage, recipe_id, ready, leased, done, failed, dead)
    SELECT stage, recipe_id, ready, leased, done, failed, dead
    FROM (
        SELECT stage, recipe_id,
               SUM(CASE WHEN state = 'ready' THEN difference ELSE 0 END) AS ready,
               SUM(CASE WHEN state = 'leased' THEN difference ELSE 0 END) AS leased,
               SUM(CASE WHEN state = 'done' THEN difference ELSE 0 END) AS done,
               SUM(CASE WHEN state = 'failed' THEN difference ELSE 0 END) AS failed,
               SUM(CASE WHEN state = 'dead' THEN difference ELSE 0 END) AS dead
        FROM (
            SELECT stage, recipe_id, state, 1 AS difference FROM new_tasks
            UNION ALL
            SELECT stage, recipe_id, state, -1 FROM old_tasks
        ) changed
        GROUP BY stage, recipe_id
    ) summed
    WHERE (ready, leased, done, failed, dead) <> (0, 0, 0, 0, 0);
    RETURN NULL;
END $$

CREATE FUNCTION cmean_count_no_tasks() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ BEGIN
    DELETE FROM task_counts;
    RETURN NULL;
END $$

CREATE TRIGGER task_counts_insert AFTER INSERT ON tasks
REFERENCING NEW TABLE AS new_tasks
FOR EACH STATEMENT EXECUTE FUNCTION cmean_count_inserted_tasks()

CREATE TRIGGER task_counts_delete AFTER DELETE ON tasks
REFERENCING OLD TABLE AS old_tasks
FOR EACH STATEMENT EXECUTE FUNCTION cmean_count_deleted_tasks()

CREATE TRIGGER task_counts_update AFTER UPDATE ON tasks
REFERENCING OLD TABLE AS old_tasks NEW TABLE AS new_tasks
FOR EACH STATEMENT EXECUTE FUNCTION cmean_count_updated_tasks()

CREATE TRIGGER task_counts_truncate AFTER TRUNCATE ON tasks
FOR EACH STATEMENT EXECUTE FUNCTION cmean_count_no_tasks()
