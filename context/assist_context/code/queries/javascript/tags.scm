; JavaScript, in addition to what it shares with TypeScript.
(class_declaration name: (identifier) @name body: (_) @body) @def.class
(field_definition property: [(property_identifier) (private_property_identifier)] @name) @def.field
(class_heritage (identifier) @ref)
(class_heritage (member_expression property: (property_identifier) @ref))
