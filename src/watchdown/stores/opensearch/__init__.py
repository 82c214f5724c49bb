"""The store on OpenSearch: k-NN and text indices derived from the schema types, behind aliases."""
