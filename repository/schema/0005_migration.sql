-- +goose Up
CREATE TABLE migration (
    id              VARCHAR(36)   NOT NULL PRIMARY KEY,
    account_id      VARCHAR(36)   NOT NULL,
    open_account_id VARCHAR(36),
    target_id       VARCHAR(36)   NOT NULL,
    state           VARCHAR(16)   NOT NULL,
    stop_on         VARCHAR(10)   NOT NULL,
    cancel_on       VARCHAR(10)   NOT NULL,
    reason          VARCHAR(400)  NOT NULL,
    haste_why       VARCHAR(400)  NOT NULL,
    archive_at      VARCHAR(400)  NOT NULL,
    data_note       VARCHAR(1000) NOT NULL,
    open_note       VARCHAR(1000) NOT NULL,
    document_no     VARCHAR(128)  NOT NULL,
    approved_by     VARCHAR(64)   NOT NULL,
    approved_at     BIGINT        NOT NULL,
    started_at      BIGINT        NOT NULL,
    frozen_at       BIGINT        NOT NULL,
    total           BIGINT        NOT NULL,
    paused_at       BIGINT        NOT NULL,
    pause_why       VARCHAR(400)  NOT NULL,
    wake_at         BIGINT        NOT NULL,
    engine          VARCHAR(400)  NOT NULL,
    failures        BIGINT        NOT NULL,
    sync_cursor     VARCHAR(64)   NOT NULL,
    sync_pass       BIGINT        NOT NULL,
    lease_until     BIGINT        NOT NULL,
    lease_turn      BIGINT        NOT NULL,
    created_at      BIGINT        NOT NULL,
    updated_at      BIGINT        NOT NULL
);
-- One open migration per account: the column is NULL once the migration is cancelled, and NULLs never collide.
CREATE UNIQUE INDEX migration_open_once ON migration (open_account_id);
CREATE INDEX migration_due ON migration (wake_at);

CREATE TABLE mapped_entry (
    id           VARCHAR(36)   NOT NULL PRIMARY KEY,
    migration_id VARCHAR(36)   NOT NULL,
    position     BIGINT        NOT NULL,
    parent       VARCHAR(64)   NOT NULL,
    name         VARCHAR(64)   NOT NULL,
    type         VARCHAR(32)   NOT NULL,
    target       VARCHAR(1024) NOT NULL,
    kind         VARCHAR(16)   NOT NULL,
    ref          VARCHAR(128)  NOT NULL,
    successor    VARCHAR(128)  NOT NULL,
    path         VARCHAR(256)  NOT NULL,
    offline      VARCHAR(400)  NOT NULL,
    updated_at   BIGINT        NOT NULL
);
CREATE UNIQUE INDEX mapped_entry_place ON mapped_entry (migration_id, position);

CREATE TABLE wave (
    id           VARCHAR(36)  NOT NULL PRIMARY KEY,
    migration_id VARCHAR(36)  NOT NULL,
    number       BIGINT       NOT NULL,
    kind         VARCHAR(16)  NOT NULL,
    channel      VARCHAR(16)  NOT NULL,
    state        VARCHAR(16)  NOT NULL,
    audience     BIGINT       NOT NULL,
    cover_id     VARCHAR(128) NOT NULL,
    qr_image_url VARCHAR(512) NOT NULL,
    started_at   BIGINT       NOT NULL,
    done_at      BIGINT       NOT NULL
);
CREATE UNIQUE INDEX wave_place ON wave (migration_id, number);

CREATE TABLE batch (
    id           VARCHAR(36)  NOT NULL PRIMARY KEY,
    wave_id      VARCHAR(36)  NOT NULL,
    migration_id VARCHAR(36)  NOT NULL,
    number       BIGINT       NOT NULL,
    state        VARCHAR(16)  NOT NULL,
    size         BIGINT       NOT NULL,
    unnamed      BIGINT       NOT NULL,
    media_id     VARCHAR(128) NOT NULL,
    msg_id       BIGINT       NOT NULL,
    attempts     BIGINT       NOT NULL,
    sent_at      BIGINT       NOT NULL,
    accepted_at  BIGINT       NOT NULL,
    settled_at   BIGINT       NOT NULL,
    status       VARCHAR(64)  NOT NULL,
    total_count  BIGINT       NOT NULL,
    filter_count BIGINT       NOT NULL,
    sent_count   BIGINT       NOT NULL,
    error_count  BIGINT       NOT NULL,
    article_url  VARCHAR(512) NOT NULL,
    err_code     BIGINT       NOT NULL,
    err_text     VARCHAR(400) NOT NULL
);
CREATE UNIQUE INDEX batch_place ON batch (wave_id, number);
CREATE INDEX batch_open ON batch (migration_id, state);

CREATE TABLE recipient (
    migration_id VARCHAR(36) NOT NULL,
    openid       VARCHAR(64) NOT NULL,
    state        VARCHAR(16) NOT NULL,
    reason       VARCHAR(64) NOT NULL,
    wave         BIGINT      NOT NULL,
    batch_id     VARCHAR(36) NOT NULL,
    left_at      BIGINT      NOT NULL,
    touched_at   BIGINT      NOT NULL,
    updated_at   BIGINT      NOT NULL,
    PRIMARY KEY (migration_id, openid)
);
CREATE INDEX recipient_by_state ON recipient (migration_id, state, openid);
CREATE INDEX recipient_by_batch ON recipient (batch_id, state);

-- What the platform reported of a mass-send job, kept apart from the batch because it may come before we know the job's number.
CREATE TABLE mass_result (
    account_id   VARCHAR(36)  NOT NULL,
    msg_id       BIGINT       NOT NULL,
    status       VARCHAR(64)  NOT NULL,
    total_count  BIGINT       NOT NULL,
    filter_count BIGINT       NOT NULL,
    sent_count   BIGINT       NOT NULL,
    error_count  BIGINT       NOT NULL,
    article_url  VARCHAR(512) NOT NULL,
    received_at  BIGINT       NOT NULL,
    PRIMARY KEY (account_id, msg_id)
);

-- Sign of life of each worker process; the desk shows red when the newest is old.
CREATE TABLE worker (
    id         VARCHAR(64) NOT NULL PRIMARY KEY,
    started_at BIGINT      NOT NULL,
    seen_at    BIGINT      NOT NULL
);

-- +goose Down
DROP TABLE worker;
DROP TABLE mass_result;
DROP TABLE recipient;
DROP TABLE batch;
DROP TABLE wave;
DROP TABLE mapped_entry;
DROP TABLE migration;
