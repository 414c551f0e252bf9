-- +goose Up
CREATE TABLE menu_entry (
    parent   INT          NOT NULL,
    position INT          NOT NULL,
    name     VARCHAR(64)  NOT NULL,
    type     VARCHAR(32)  NOT NULL,
    page     VARCHAR(255) NOT NULL,
    menu_key VARCHAR(128) NOT NULL,
    PRIMARY KEY (parent, position)
);

CREATE TABLE menu_publication (
    id           VARCHAR(36) NOT NULL PRIMARY KEY,
    account_id   VARCHAR(36) NOT NULL,
    fingerprint  VARCHAR(64) NOT NULL,
    buttons      TEXT        NOT NULL,
    actor        VARCHAR(64) NOT NULL,
    published_at BIGINT      NOT NULL
);
CREATE INDEX menu_publication_latest ON menu_publication (account_id, published_at, id);

-- +goose Down
DROP TABLE menu_publication;
DROP TABLE menu_entry;
