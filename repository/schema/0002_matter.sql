-- +goose Up
CREATE TABLE department (
    id          VARCHAR(16)  NOT NULL PRIMARY KEY,
    position    INT          NOT NULL,
    name        VARCHAR(64)  NOT NULL,
    place       VARCHAR(128) NOT NULL,
    hours       VARCHAR(128) NOT NULL,
    phone       VARCHAR(64)  NOT NULL,
    supervision VARCHAR(64)  NOT NULL
);

CREATE TABLE matter (
    id            VARCHAR(16)  NOT NULL PRIMARY KEY,
    position      INT          NOT NULL,
    department_id VARCHAR(16)  NOT NULL,
    name          VARCHAR(128) NOT NULL,
    basic_code    VARCHAR(12)  NOT NULL,
    carrying_code VARCHAR(36)  NOT NULL,
    type          VARCHAR(8)   NOT NULL,
    handling      VARCHAR(16)  NOT NULL,
    legal_days    INT          NOT NULL,
    promised_days INT          NOT NULL,
    visits        INT          NOT NULL,
    charged       SMALLINT     NOT NULL,
    resource      VARCHAR(16)  NOT NULL,
    online_depth  VARCHAR(8)   NOT NULL,
    upper_level   SMALLINT     NOT NULL,
    detail        TEXT         NOT NULL
);
CREATE INDEX matter_by_department ON matter (department_id, position);

CREATE TABLE bundle (
    id       VARCHAR(16) NOT NULL PRIMARY KEY,
    position INT         NOT NULL,
    detail   TEXT        NOT NULL
);

CREATE TABLE topic (
    path     VARCHAR(64) NOT NULL PRIMARY KEY,
    position INT         NOT NULL,
    detail   TEXT        NOT NULL
);

CREATE TABLE keyword (
    word     VARCHAR(64) NOT NULL,
    position INT         NOT NULL,
    kind     VARCHAR(16) NOT NULL,
    ref      VARCHAR(64) NOT NULL,
    PRIMARY KEY (word, position)
);

CREATE TABLE matter_view (
    matter_id VARCHAR(16) NOT NULL,
    day       VARCHAR(10) NOT NULL,
    views     BIGINT      NOT NULL,
    PRIMARY KEY (matter_id, day)
);
CREATE INDEX matter_view_by_day ON matter_view (day, matter_id);

CREATE TABLE setting (
    name       VARCHAR(64) NOT NULL PRIMARY KEY,
    value      TEXT        NOT NULL,
    updated_at BIGINT      NOT NULL
);

-- +goose Down
DROP TABLE setting;
DROP TABLE matter_view;
DROP TABLE keyword;
DROP TABLE topic;
DROP TABLE bundle;
DROP TABLE matter;
DROP TABLE department;
