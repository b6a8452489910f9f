; JSX elements: a capitalized name is a component, any other belongs to the platform.
(jsx_opening_element name: (identifier) @ref.upper)
(jsx_self_closing_element name: (identifier) @ref.upper)
