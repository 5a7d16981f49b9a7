pm.test("the order is delivered", () => {
  pm.expect(pm.response.json().status).to.equal("completed");
});
