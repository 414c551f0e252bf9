-- +goose Up
CREATE TABLE account (
    id             VARCHAR(36)  NOT NULL PRIMARY KEY,
    account_key    VARCHAR(32)  NOT NULL,
    role           VARCHAR(16)  NOT NULL,
    kind           VARCHAR(16)  NOT NULL,
    name           VARCHAR(64)  NOT NULL,
    wechat_id      VARCHAR(64)  NOT NULL,
    original_id    VARCHAR(32)  NOT NULL,
    appid          VARCHAR(32)  NOT NULL,
    subject        VARCHAR(128) NOT NULL,
    host_unit      VARCHAR(128) NOT NULL,
    phone          VARCHAR(64)  NOT NULL,
    verified_until VARCHAR(10)  NOT NULL,
    followers      BIGINT       NOT NULL,
    last_published VARCHAR(10)  NOT NULL,
    secret_sealed  TEXT         NOT NULL,
    token_sealed   TEXT         NOT NULL,
    aes_key_sealed TEXT         NOT NULL,
    created_at     BIGINT       NOT NULL,
    updated_at     BIGINT       NOT NULL
);
CREATE UNIQUE INDEX account_key_once ON account (account_key);
CREATE UNIQUE INDEX account_appid_once ON account (appid);

-- +goose Down
DROP TABLE account;
