"""The catalogue, as operators keep it."""

from typing import Annotated, Any

from flask import Blueprint, Response, g
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models import catalogue
from models.catalogue import (
    LARGEST_PRICE,
    LARGEST_QUANTITY,
    USUAL_LARGEST_QUANTITY,
    ProductNotFound,
    QuantitiesOutOfOrder,
    SkuTaken,
)
from models.operators import Role
from models.tables import Product
from settings import settings
from web.admin import order_shapes as shapes
from web.admin.fields import Name, Prose
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import StrictModel, Usd, read_body, read_query
from web.field_rules import Checked
from web.reference.described import described
from web.v1 import products as v1_products


def _configured(provider: str) -> str:
    if provider not in settings.providers:
        known = ", ".join(sorted(settings.providers))
        raise PydanticCustomError("provider", "must be one of: {known}", {"known": known})
    return provider


Price = Annotated[Usd, Field(gt=0, le=LARGEST_PRICE)]
Quantity = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY)]
Provider = Annotated[str, Checked(_configured, rule={"enum": sorted(settings.providers)})]


class NewProduct(StrictModel):
    """A product."""

    sku: Name
    category: Name
    name: Name
    price_usdt: Price
    description: Prose = ""
    min_quantity: Quantity = 1
    max_quantity: Quantity = USUAL_LARGEST_QUANTITY
    provider: Provider = "stock"
    needs_recipient: bool = False
    active: bool = True


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)
    schema["minProperties"] = 1


class ProductChange(NewProduct):
    """Some fields of a product; those that are not sent stay as they are."""

    # The defaults stand for what is not sent, and are never read.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    sku: Name = ""
    category: Name = ""
    name: Name = ""
    price_usdt: Price = 0

    @model_validator(mode="after")
    def _says_something(self) -> "ProductChange":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "must change at least one field")
        return self


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/products")(create_product)
    admin.get("/products")(list_products)
    admin.get("/products/<int:product_id>")(show_product)
    admin.patch("/products/<int:product_id>")(change_product)


@needs(Role.OPERATE)
@described(
    shapes.Product,
    status=201,
    body=NewProduct,
    refusals=(SkuTaken, QuantitiesOutOfOrder),
    body_example={"sku": "game-key-1", "category": "Games", "name": "A game, one key", "price_usdt": "8.90"},
)
def create_product() -> Response:
    """Add a product."""
    body = read_body(NewProduct)
    return answer(view(catalogue.create(g.operator.name, columns(body))), 201)


@needs(Role.READ)
@described(shapes.Product, is_page=True, query=ListQuery)
def list_products() -> Response:
    """All products, those not for sale too."""
    return page_answer(catalogue.listed(read_query(ListQuery).position), view)


@needs(Role.READ)
@described(shapes.Product, refusals=(ProductNotFound,))
def show_product(product_id: int) -> Response:
    """One product."""
    return answer(view(catalogue.get(product_id)))


@needs(Role.OPERATE)
@described(
    shapes.Product,
    body=ProductChange,
    refusals=(ProductNotFound, SkuTaken, QuantitiesOutOfOrder),
    body_example={"price_usdt": "9.40"},
)
def change_product(product_id: int) -> Response:
    """Change what the body names, and leave the rest."""
    body = read_body(ProductChange)
    return answer(view(catalogue.change(g.operator.name, product_id, columns(body))))


def columns(body: NewProduct) -> dict[str, Any]:
    """The columns that the body gives values to."""
    fields = body.model_dump(include=body.model_fields_set)
    if "price_usdt" in fields:
        fields["price"] = fields.pop("price_usdt")
    return fields


def view(product: Product) -> shapes.Product:
    """A product as operators see it."""
    return {**v1_products.view(product), "provider": product.provider, "active": product.active}
