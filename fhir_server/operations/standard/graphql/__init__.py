"""$graphql: GraphQL on FHIR.

    operation.py      the operation as bundles call it
    answer.py         from a request to data or errors
    schema.py         what can be asked for: all types, from their definitions
    scalars.py        values in a query and in an answer
    documents.py      a query: read, made valid GraphQL, validated
    limits.py         how large a query and its answer may be
    selection.py      the fields that a query selects
    plan.py           one field: arguments, directives, filters
    execution.py      carries out a query, level by level
    output.py         where values go in the answer
    directives.py     @flatten, @first, @singleton, @slice
    references.py     follows references, many at a time
    searches.py       TypeList and TypeConnection
    connection.py     cursors
    introspection.py  __schema and __type

Source: https://hl7.org/fhir/R4/graphql.html
"""
