pm.test("the status is that of success", () => {
  pm.expect(EXPECTED, pm.response.text()).to.include(pm.response.code);
});
