-- SQLite's triggers that keep task_counts equal to COUNT(*) over tasks, whoever writes them.
-- One row for each stage and recipe (requests have none: NULL, hence IS), changed in place: writers
-- queue for the whole database anyway. Statements are separated by empty lines.
--
-- A migration that copies the table tasks, as SQLite alters one, loses them: it must create them
-- again. INSERT OR REPLACE deletes without firing triggers unless PRAGMA recursive_triggers is on.

CREATE TRIGGER task_counts_new_group BEFORE INSERT ON tasks
WHEN NOT EXISTS (SELECT 1 FROM task_counts WHERE recipe_id IS NEW.recipe_id AND stage = NEW.stage)
BEGIN
    INSERT INTO task_counts (stage, recipe_id) VALUES (NEW.stage, NEW.recipe_id);
END

CREATE TRIGGER task_counts_insert AFTER INSERT ON tasks
BEGIN
    UPDATE task_counts SET
        ready = ready + (NEW.state = 'ready'),
        leased = leased + (NEW.state = 'leased'),
        done = done + (NEW.state = 'done'),
        failed = failed + (NEW.state = 'failed'),
        dead = dead + (NEW.state = 'dead')
    WHERE recipe_id IS NEW.recipe_id AND stage = NEW.stage;
END

CREATE TRIGGER task_counts_delete AFTER DELETE ON tasks
BEGIN
    UPDATE task_counts SET
        ready = ready - (OLD.state = 'ready'),
        leased = leased - (OLD.state = 'leased'),
        done = done - (OLD.state = 'done'),
        failed = failed - (OLD.state = 'failed'),
        dead = dead - (OLD.state = 'dead')
    WHERE recipe_id IS OLD.recipe_id AND stage = OLD.stage;
END

CREATE TRIGGER task_counts_state AFTER UPDATE OF state ON tasks
WHEN NEW.state <> OLD.state AND NEW.recipe_id IS OLD.recipe_id AND NEW.stage = OLD.stage
BEGIN
    UPDATE task_counts SET
        ready = ready + (NEW.state = 'ready') - (OLD.state = 'ready'),
        leased = leased + (NEW.state = 'leased') - (OLD.state = 'leased'),
        done = done + (NEW.state = 'done') - (OLD.state = 'done'),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        dead = dead + (NEW.state = 'dead') - (OLD.state = 'dead')
    WHERE recipe_id IS NEW.recipe_id AND stage = NEW.stage;
END

CREATE TRIGGER task_counts_group AFTER UPDATE OF stage, recipe_id ON tasks
WHEN NEW.recipe_id IS NOT OLD.recipe_id OR NEW.stage <> OLD.stage
BEGIN
    INSERT INTO task_counts (stage, recipe_id) SELECT NEW.stage, NEW.recipe_id WHERE NOT EXISTS (
        SELECT 1 FROM task_counts WHERE recipe_id IS NEW.recipe_id AND stage = NEW.stage);
    UPDATE task_counts SET
        ready = ready - (OLD.state = 'ready'),
        leased = leased - (OLD.state = 'leased'),
        done = done - (OLD.state = 'done'),
        failed = failed - (OLD.state = 'failed'),
        dead = dead - (OLD.state = 'dead')
    WHERE recipe_id IS OLD.recipe_id AND stage = OLD.stage;
    UPDATE task_counts SET
        ready = ready + (NEW.state = 'ready'),
        leased = leased + (NEW.state = 'leased'),
        done = done + (NEW.state = 'done'),
        failed = failed + (NEW.state = 'failed'),
        dead = dead + (NEW.state = 'dead')
    WHERE recipe_id IS NEW.recipe_id AND stage = NEW.stage;
END
