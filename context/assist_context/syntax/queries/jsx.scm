; Elements: a name in capitals is a component, the others are the platform's.
(jsx_opening_element name: (identifier) @ref.upper)
(jsx_self_closing_element name: (identifier) @ref.upper)
