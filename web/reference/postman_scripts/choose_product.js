const wanted = pm.response.json().items.find((product) => product.in_stock && !product.needs_recipient);
pm.test("something is in stock", () => pm.expect(wanted).to.be.an("object"));
if (wanted) {
  pm.collectionVariables.set("product_id", wanted.id);
  pm.collectionVariables.set("quantity", wanted.min_quantity);
}
