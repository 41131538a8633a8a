-- One entry up to a position.
SELECT * FROM entry WHERE scheme = :scheme AND number = :number AND leaf_index <= :position
