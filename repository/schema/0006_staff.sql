-- +goose Up
CREATE TABLE role (
    id       VARCHAR(32) NOT NULL PRIMARY KEY,
    name     VARCHAR(32) NOT NULL,
    position BIGINT      NOT NULL
);
CREATE TABLE role_permission (
    role_id    VARCHAR(32) NOT NULL,
    permission VARCHAR(64) NOT NULL,
    PRIMARY KEY (role_id, permission)
);
INSERT INTO role (id, name, position) VALUES
    ('editor',        '采编',       1),
    ('first_review',  '一审',       2),
    ('second_review', '二审',       3),
    ('third_review',  '三审',       4),
    ('publisher',     '发布',       5),
    ('counter',       '窗口',       6),
    ('case_worker',   '工单办理',   7),
    ('manager',       '账号管理员', 8),
    ('auditor',       '安全审计',   9),
    ('admin',         '系统管理员', 10);
-- Who prepares and runs a migration (manager) does not approve it (third_review); who administers staff does not read the audit log.
INSERT INTO role_permission (role_id, permission) VALUES
    ('editor',        'catalogue.read'), ('editor',        'accounts.read'), ('editor',        'migration.read'),
    ('first_review',  'catalogue.read'), ('first_review',  'accounts.read'), ('first_review',  'migration.read'),
    ('second_review', 'catalogue.read'), ('second_review', 'accounts.read'), ('second_review', 'migration.read'),
    ('third_review',  'catalogue.read'), ('third_review',  'accounts.read'), ('third_review',  'migration.read'),
    ('third_review',  'migration.approve'),
    ('publisher',     'catalogue.read'), ('publisher',     'accounts.read'), ('publisher',     'migration.read'),
    ('publisher',     'menu.publish'),
    ('counter',       'catalogue.read'), ('counter',       'migration.read'),
    ('case_worker',   'catalogue.read'), ('case_worker',   'migration.read'),
    ('manager',       'catalogue.read'), ('manager',       'accounts.read'), ('manager',       'accounts.write'),
    ('manager',       'migration.read'), ('manager',       'migration.write'), ('manager',     'migration.run'),
    ('manager',       'menu.publish'),
    ('auditor',       'catalogue.read'), ('auditor',       'accounts.read'), ('auditor',       'migration.read'),
    ('auditor',       'staff.read'),     ('auditor',       'audit.read'),
    ('admin',         'catalogue.read'), ('admin',         'accounts.read'), ('admin',         'migration.read'),
    ('admin',         'staff.read'),     ('admin',         'staff.write');

CREATE TABLE staff (
    id            VARCHAR(36)  NOT NULL PRIMARY KEY,
    login         VARCHAR(32)  NOT NULL,
    name          VARCHAR(64)  NOT NULL,
    password_hash VARCHAR(200) NOT NULL,
    must_change   BIGINT       NOT NULL,
    disabled_at   BIGINT       NOT NULL,
    last_login_at BIGINT       NOT NULL,
    created_at    BIGINT       NOT NULL,
    updated_at    BIGINT       NOT NULL
);
CREATE UNIQUE INDEX staff_login_once ON staff (login);

CREATE TABLE staff_role (
    staff_id VARCHAR(36) NOT NULL,
    role_id  VARCHAR(32) NOT NULL,
    PRIMARY KEY (staff_id, role_id)
);

CREATE TABLE staff_session (
    token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    staff_id   VARCHAR(36) NOT NULL,
    created_at BIGINT      NOT NULL,
    seen_at    BIGINT      NOT NULL
);
CREATE INDEX staff_session_of ON staff_session (staff_id);

-- Attempts to log in that did not succeed, by login name and by network address.
CREATE TABLE login_attempt (
    subject    VARCHAR(80) NOT NULL PRIMARY KEY,
    attempts   BIGINT      NOT NULL,
    expires_at BIGINT      NOT NULL
);

-- Append only. mark is a keyed checksum over the row and the mark before it, so a changed or removed row shows.
CREATE TABLE audit_entry (
    seq         BIGINT        NOT NULL PRIMARY KEY,
    at          BIGINT        NOT NULL,
    actor_id    VARCHAR(36)   NOT NULL,
    actor_name  VARCHAR(64)   NOT NULL,
    action      VARCHAR(64)   NOT NULL,
    object_kind VARCHAR(32)   NOT NULL,
    object_id   VARCHAR(64)   NOT NULL,
    detail      VARCHAR(1600) NOT NULL,
    mark        VARCHAR(64)   NOT NULL
);
CREATE INDEX audit_entry_by_action ON audit_entry (action, seq);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor_id, seq);

-- The last row's place and mark: one row, whose lock also puts writers in line.
CREATE TABLE audit_head (
    id   BIGINT      NOT NULL PRIMARY KEY,
    seq  BIGINT      NOT NULL,
    mark VARCHAR(64) NOT NULL
);
INSERT INTO audit_head (id, seq, mark) VALUES (1, 0, '');

-- +goose Down
DROP TABLE audit_head;
DROP TABLE audit_entry;
DROP TABLE login_attempt;
DROP TABLE staff_session;
DROP TABLE staff_role;
DROP TABLE staff;
DROP TABLE role_permission;
DROP TABLE role;
