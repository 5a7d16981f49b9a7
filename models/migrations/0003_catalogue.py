"""What is for sale, and the encrypted items behind it."""

from typing import Any

# The order's link to stock_items comes with the orders table.
UP = """
CREATE TABLE products (
    id bigserial PRIMARY KEY,
    sku text NOT NULL CONSTRAINT products_sku_once UNIQUE,
    category text NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    price bigint NOT NULL CHECK (price > 0),
    min_quantity integer NOT NULL DEFAULT 1 CHECK (min_quantity >= 1),
    max_quantity integer NOT NULL DEFAULT 10000 CHECK (max_quantity <= 10000),
    provider text NOT NULL DEFAULT 'stock',
    needs_recipient boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    in_stock bigint CONSTRAINT products_in_stock_not_negative CHECK (in_stock >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT products_quantities_in_order CHECK (min_quantity <= max_quantity),
    CONSTRAINT products_stock_is_counted CHECK (provider <> 'stock' OR in_stock IS NOT NULL)
);

CREATE TRIGGER products_kept BEFORE DELETE ON products FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();

CREATE TABLE stock_items (
    id bigserial PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products (id),
    ciphertext text NOT NULL,
    digest bytea NOT NULL,
    order_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_items_once_per_product UNIQUE (product_id, digest)
);
CREATE INDEX stock_items_free ON stock_items (product_id, id) WHERE order_id IS NULL;
CREATE INDEX stock_items_by_order ON stock_items (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE stock_imports (
    id bigserial PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products (id),
    source_digest text NOT NULL,
    lines_read bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    CONSTRAINT stock_imports_once_per_source UNIQUE (product_id, source_digest)
);
"""

DOWN = """
DROP TABLE stock_imports;
DROP TABLE stock_items;
DROP TABLE products;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
