pm.collectionVariables.set("VARIABLE", pm.response.json().FIELD);
