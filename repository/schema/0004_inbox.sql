-- +goose Up
-- What came in through the callbacks and what was answered. Content, raw text and reply are personal data and sealed.
CREATE TABLE inbox (
    id             VARCHAR(36)  NOT NULL PRIMARY KEY,
    account_id     VARCHAR(36)  NOT NULL,
    natural_key    VARCHAR(64)  NOT NULL,
    openid         VARCHAR(64)  NOT NULL,
    type           VARCHAR(32)  NOT NULL,
    event          VARCHAR(64)  NOT NULL,
    event_key      VARCHAR(256) NOT NULL,
    content_sealed TEXT         NOT NULL,
    raw_sealed     TEXT         NOT NULL,
    reply_sealed   TEXT         NOT NULL,
    created_at     BIGINT       NOT NULL,
    received_at    BIGINT       NOT NULL
);
CREATE UNIQUE INDEX inbox_once ON inbox (account_id, natural_key);
CREATE INDEX inbox_talkers ON inbox (account_id, openid, created_at);

-- +goose Down
DROP TABLE inbox;
