"""$graphql: GraphQL on FHIR.

    scalars.py      values in a query and in an answer
    schema.py       the GraphQL schema of all resource types, from their definitions
    directives.py   @flatten, @first, @singleton, @slice
    documents.py    a query: read, limited, made valid GraphQL and validated
    limits.py       how large a query may be
    execution.py    carries out a query, level by level
    output.py       where values go in the answer, as the directives say
    references.py   follows references, many at a time
    searches.py     Type(id), TypeList, TypeConnection
    connection.py   pages and their cursors
    answer.py       data and errors as JSON

Source: https://hl7.org/fhir/R4/graphql.html
"""
