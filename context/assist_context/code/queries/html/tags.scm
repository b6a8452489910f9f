; HTML: an element with an id can be linked to; classes are names from a style sheet.
((element
  (start_tag (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @name)))) @def.element
  (#eq? @_name "id"))
((attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @ref.words))
  (#eq? @_name "class"))
((script_element (start_tag
  (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @module.file)))) @import
  (#eq? @_name "src"))
((element [(start_tag (tag_name) @_tag
    (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @module.file)))
  (self_closing_tag (tag_name) @_tag
    (attribute (attribute_name) @_name (quoted_attribute_value (attribute_value) @module.file)))]) @import
  (#eq? @_tag "link") (#eq? @_name "href"))
(comment) @comment
