"""The catalogue."""

import hashlib
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, request
from pydantic import Field

from models import catalogue
from models.catalogue import ProductNotFound
from models.money import LARGEST, dumps, usd
from models.tables import Product, epoch
from web.answers import answer
from web.bodies import LARGEST_ID, USUAL_PER_PAGE, PageLimit, QueryInt, QueryModel, Usd, read_query
from web.reference.described import described
from web.v1 import shapes

LARGEST_PAGE_NUMBER = 1_000_000
LATEST_EPOCH = 253_402_300_799  # the end of the year 9999, the last that PostgreSQL and clients agree on


class ProductsQuery(QueryModel):
    """What to list; prices in micro-dollars."""

    category: str | None = Field(None, max_length=200)
    sku: str | None = Field(None, max_length=200)
    min_price: Annotated[Usd, Field(ge=0, le=LARGEST)] | None = None
    max_price: Annotated[Usd, Field(ge=0, le=LARGEST)] | None = None
    min_qty: Annotated[QueryInt, Field(ge=1, le=LARGEST_ID)] | None = None
    q: str | None = Field(None, max_length=200)
    updated_since: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    sort: Literal["id", "price", "-price", "name"] = "id"
    page: Annotated[QueryInt, Field(ge=1, le=LARGEST_PAGE_NUMBER)] = 1
    page_size: PageLimit = USUAL_PER_PAGE


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/products")(list_products)
    v1.get("/products/<int:product_id>")(show_product)
    v1.get("/categories")(list_categories)


@described(shapes.ProductPage, query=ProductsQuery, is_tagged=True)
def list_products() -> Response:
    """One page of the products that fit."""
    query = read_query(ProductsQuery)
    wanted = catalogue.Filter(
        query.category, query.sku, query.min_price, query.max_price, query.min_qty, query.q, query.updated_since
    )
    found, total = catalogue.search(wanted, query.sort, query.page, query.page_size)
    return _tagged({
        "items": [view(product) for product in found],
        "page": query.page,
        "page_size": query.page_size,
        "total": total,
        "pages": -(-total // query.page_size),
    })  # fmt: skip


@described(shapes.Product, refusals=(ProductNotFound,))
def show_product(product_id: int) -> Response:
    """One product."""
    return answer(view(catalogue.find(product_id)))


@described(shapes.Categories)
def list_categories() -> Response:
    """The categories, each with its number of products and its lowest price."""
    return answer({
        "items": [
            {
                "category": category["category"],
                "product_count": category["product_count"],
                "min_price_usdt": usd(category["min_price"]),
            }
            for category in catalogue.categories()
        ]
    })  # fmt: skip


def view(product: Product) -> shapes.Product:
    """A product as clients see it."""
    return {
        "id": product.id,
        "sku": product.sku,
        "category": product.category,
        "name": product.name,
        "description": product.description,
        "price_usdt": usd(product.price),
        "min_quantity": product.min_quantity,
        "max_quantity": product.max_quantity,
        "in_stock": product.in_stock,
        "delivery": "stock" if product.provider == "stock" else "provider",
        "needs_recipient": product.needs_recipient,
        "created_at": epoch(product.created_at),
        "updated_at": epoch(product.updated_at),
    }


def _tagged(document: Any) -> Response:
    """An answer that a client who has it already need not be sent again."""
    response = answer(document)
    response.set_etag(hashlib.sha256(dumps(document).encode()).hexdigest()[:32], weak=True)
    return response.make_conditional(request)  # type: ignore[return-value]
