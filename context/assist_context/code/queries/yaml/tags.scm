; YAML: the keys of the two outer levels, and the anchors that aliases refer to.
(document (block_node (block_mapping (block_mapping_pair key: (_) @name) @def.key)))
(document (block_node (block_mapping (block_mapping_pair
  value: (block_node (block_mapping (block_mapping_pair key: (_) @name) @def.key))))))
(alias (alias_name) @ref)
(comment) @comment
